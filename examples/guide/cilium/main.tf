# Cilium: names, requests and server names, and a gateway with a fixed address.
terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"

  kubernetes {
    engine          = "cilium"
    engine_versions = { cilium = "1.19" }
  }
}

# Requests are read where they are not encrypted; of HTTPS only the server's name can be seen.
resource "egress_policy" "l7" {
  name      = "l7-egress-policy"
  namespace = "production"
  delivery  = "render"

  pods {
    match_labels = { app = "api-client" }
  }

  allow = {
    backend = {
      to_pods = { match_labels = { app = "backend-api" } }
      ports   = ["8080/http"]
      http_requests = [
        { method = "GET", path_prefix = "/api/v1", headers = {} },
        { method = "POST", path = "/api/v1/orders", headers = { content-type = "application/json" } },
      ]
    }
    payment = {
      to_domains   = ["api.stripe.com", "*.googleapis.com"]
      ports        = ["443/tls"]
      server_names = ["api.stripe.com", "*.googleapis.com"]
    }
  }
  dns_queries = ["api.stripe.com", "*.googleapis.com", "**.cluster.local"]
}

# Partners see 10.0.100.50, which a node of the pool must have. Traffic inside the cluster never goes through a gateway.
resource "egress_gateway" "external_api" {
  name      = "egress-external-api"
  namespace = "production"
  delivery  = "render"
  sources = {
    client = {
      namespaces = { names = ["production"] }
      pods       = { match_labels = { app = "api-client", egress-gateway = "external" } }
    }
  }
  ips = ["10.0.100.50"]

  to {
    cidrs = ["203.0.113.0/24", "198.51.100.0/24"]
  }

  nodes {
    match_labels = { "node-role.kubernetes.io/egress-gateway" = "true", "topology.kubernetes.io/zone" = "zone-a" }
  }
}

output "needed" {
  value = egress_gateway.external_api.requirements
}
