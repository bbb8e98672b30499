import {
  to = egress_pod_network.partners
  identity = {
    name = "partners"
  }
}
