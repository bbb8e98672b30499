# By the namespace and the name of the gateway.
terraform import egress_gateway.partners production/partners
