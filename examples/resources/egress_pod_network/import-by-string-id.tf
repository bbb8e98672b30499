import {
  to = egress_pod_network.partners
  id = "partners"
}
