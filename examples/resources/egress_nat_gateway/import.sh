# By name: the gateways that carry the provider's owner and this name.
terraform import egress_nat_gateway.prod prod

# With gateways that carry no tags yet, by zone; the next apply tags them.
terraform import egress_nat_gateway.prod prod,eu-west-1a=nat-0123456789abcdef0
