import {
  to = egress_policy.backend
  id = "production/backend"
}
