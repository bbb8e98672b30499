# By the name of the pod network.
terraform import egress_pod_network.partners partners
