# The real provider plans the rendered policy, which needs no cloud and no cluster. What needs a cloud is overridden.
provider "egress" {
  owner = "acme-tests"
}

override_resource {
  target = egress_ip_pool.partners
  values = { ids = { a = "eipalloc-0123456789abcdef0" } } # OpenTofu overrides in a plan as well
}

override_resource {
  target = egress_nat_gateway.prod
}

variables {
  subnet_id      = "subnet-0123456789abcdef0"
  route_table_id = "rtb-0123456789abcdef0"
  partner_cidrs  = ["198.51.100.0/24"]
}

run "the_partner_is_reached_on_443_alone" {
  command = plan

  assert {
    condition = anytrue([
      for line in egress_policy.backend.manifests["NetworkPolicy/production/backend"] :
      strcontains(line, "198.51.100.0/24") && strcontains(line, "port: 443")
    ])
    error_message = "The policy must allow HTTPS to the partner."
  }
}
