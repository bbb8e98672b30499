import {
  to = egress_nat_gateway.prod
  id = "prod"
}
