# By the name that its gateways are tagged with.
terraform import egress_nat_gateway.prod prod
