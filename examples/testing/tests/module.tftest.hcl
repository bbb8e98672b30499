# Nothing is made: the host answers for the provider, with these values.
mock_provider "egress" {
  mock_resource "egress_ip_pool" {
    defaults = {
      ids        = { a = "eipalloc-0123456789abcdef0" }
      public_ips = { a = "203.0.113.1" }
      cidrs      = ["203.0.113.1/32"]
    }
  }

  mock_resource "egress_nat_gateway" {
    defaults = {
      egress_cidrs = ["203.0.113.1/32"]
    }
  }
}

variables {
  subnet_id      = "subnet-0123456789abcdef0"
  route_table_id = "rtb-0123456789abcdef0"
  partner_cidrs  = ["198.51.100.0/24"]
}

run "partners_get_the_address_of_the_gateway" {
  command = apply

  assert {
    condition     = contains(output.egress_cidrs, "203.0.113.1/32")
    error_message = "Partners must get the address that traffic leaves from."
  }
}
