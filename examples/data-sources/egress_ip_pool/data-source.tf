# The pool is managed by the state of the network team, whose provider block says owner = "acme-network".
data "egress_ip_pool" "partners" {
  owner = "acme-network"
  name  = "partners"
  keys  = ["a", "b"]
  aws {}
}

output "tell_partners" {
  value = data.egress_ip_pool.partners.cidrs
}
