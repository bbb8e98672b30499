# The private network without the blocks of the cluster, for a route table or a firewall that knows no exceptions.
output "outside_the_cluster" {
  value = provider::egress::cidr_subtract(["10.0.0.0/8"], ["10.0.0.0/10", "10.96.0.0/12"])
}
