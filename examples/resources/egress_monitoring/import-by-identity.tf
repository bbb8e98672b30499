import {
  to = egress_monitoring.egress
  identity = {
    namespace = "production"
    name      = "egress"
  }
}
