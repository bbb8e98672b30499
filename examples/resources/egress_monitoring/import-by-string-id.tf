import {
  to = egress_monitoring.egress
  id = "production/egress"
}
