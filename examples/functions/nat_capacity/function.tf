# A payment partner is one address and port: 120,000 connections to it at the peak, and one address to spare.
locals {
  capacity = provider::egress::nat_capacity("aws", 120000, 1)
}

output "addresses" {
  value = local.capacity.addresses
}

# What two addresses carry.
output "two_addresses_carry" {
  value = 2 * local.capacity.connections_per_address
}
