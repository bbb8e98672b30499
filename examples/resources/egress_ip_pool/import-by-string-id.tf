import {
  to = egress_ip_pool.partners
  id = "partners"
}
