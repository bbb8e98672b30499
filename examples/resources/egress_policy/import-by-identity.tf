import {
  to = egress_policy.backend
  identity = {
    namespace = "production"
    name      = "backend"
  }
}
