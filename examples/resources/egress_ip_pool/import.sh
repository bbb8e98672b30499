# By the pool's name: everything that carries this owner and name comes along, each address under its key.
terraform import egress_ip_pool.partners partners
