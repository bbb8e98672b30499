# By name: everything that carries the provider's owner and this name, each address under its key.
terraform import egress_ip_pool.partners partners

# With addresses that carry no tags yet; the next apply tags them.
terraform import egress_ip_pool.partners partners,a=eipalloc-0123456789abcdef0,b=eipalloc-0fedcba9876543210
