# Pods of the namespace leave an AKS cluster from the addresses of a prefix that outlives the gateway.
resource "egress_pod_network" "partners" {
  name = "partners"
  aks {
    static_gateway_configurations = {
      partners = {
        namespace             = "production"
        gateway_nodepool_name = "egress"
        # In practice a whole azurerm_public_ip_prefix.
        public_ip_prefix = {
          id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/egress/providers/Microsoft.Network/publicIPPrefixes/partners"
          ip_prefix = "203.0.113.0/31"
        }
        default_route = "staticEgressGateway"
        exclude_cidrs = ["10.244.0.0/16", "10.0.0.0/16"]
      }
    }
  }
}

# For the template of the pods that use it.
output "annotations" {
  value = egress_pod_network.partners.pod_annotations["partners"]
}

output "tell_partners" {
  value = egress_pod_network.partners.egress_cidrs
}
