# Traffic of the shop to a partner leaves from an address that the engine keeps on a healthy node.
resource "egress_gateway" "partners" {
  name      = "partners"
  namespace = "production"
  engine    = "antrea"
  sources   = { shop = { namespaces = { names = ["production"] }, pods = { match_labels = { app = "shop" } } } }
  ips       = ["192.168.1.50"]
  failover  = "required"

  nodes {
    match_labels = { egress = "yes" }
  }
}

output "tell_partners" {
  value = egress_gateway.partners.egress_cidrs
}
