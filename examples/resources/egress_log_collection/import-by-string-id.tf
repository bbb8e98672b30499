import {
  to = egress_log_collection.egress
  id = "production/egress"
}
