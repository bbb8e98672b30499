import {
  to = egress_gateway.partners
  identity = {
    namespace = "production"
    name      = "partners"
  }
}
