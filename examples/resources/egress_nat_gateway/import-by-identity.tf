import {
  to = egress_nat_gateway.prod
  identity = {
    name = "prod"
  }
}
