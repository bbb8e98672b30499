# The gateways are managed by the state of the network team, whose provider block says owner = "acme-network".
data "egress_nat_gateway" "prod" {
  owner = "acme-network"
  name  = "prod"
  aws {}
}

output "leaves_from" {
  value = data.egress_nat_gateway.prod.egress_cidrs
}

# What the partners were told. A plan warns when traffic leaves from an address that is not in it.
data "egress_ip_pool" "partners" {
  owner = "acme-network"
  name  = "partners"
  aws {}
}

check "partners_know_every_address" {
  assert {
    condition     = length(setsubtract(data.egress_nat_gateway.prod.egress_cidrs, data.egress_ip_pool.partners.cidrs)) == 0
    error_message = "Traffic leaves from an address that no partner was told."
  }
}
