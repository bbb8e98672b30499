import {
  to = egress_ip_pool.partners
  identity = {
    name = "partners"
  }
}
