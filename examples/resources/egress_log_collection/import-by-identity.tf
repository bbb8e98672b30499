import {
  to = egress_log_collection.egress
  identity = {
    namespace = "production"
    name      = "egress"
  }
}
