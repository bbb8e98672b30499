# A partner's firewall takes few entries. Neighbours are joined: 203.0.113.0/25 and 203.0.113.128/25 become one block.
output "for_the_firewall" {
  value = provider::egress::cidr_aggregate(["203.0.113.128/25", "203.0.113.0/25", "198.51.100.7/32", "198.51.100.6/32"])
}
