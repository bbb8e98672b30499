# Two new addresses. A third key takes a third address and leaves these two alone.
resource "egress_ip_pool" "partners" {
  name      = "partners"
  addresses = { a = {}, b = {} }
  aws       = {}
}

output "tell_partners" {
  value = egress_ip_pool.partners.cidrs
}
