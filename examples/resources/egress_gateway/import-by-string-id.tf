import {
  to = egress_gateway.partners
  id = "production/partners"
}
