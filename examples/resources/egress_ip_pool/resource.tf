# Two new addresses. A third key takes a third address and leaves these two alone.
resource "egress_ip_pool" "partners" {
  name      = "partners"
  addresses = { a = { new = true }, b = { new = true } }

  aws {}
}

output "tell_partners" {
  value = egress_ip_pool.partners.cidrs
}
