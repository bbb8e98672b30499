# Calico Enterprise: names, blocks with exceptions, a default deny that spares the system, and gateways.
terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"

  kubernetes {
    engine = "calico-enterprise"

    cluster_cidrs {
      api_server = ["192.168.0.10/32"]
    }
  }
}

resource "egress_policy" "advanced" {
  name      = "advanced-egress-policy"
  namespace = "production"
  delivery  = "render"

  pods {
    match_labels = { app = "backend" }
  }

  allow = {
    domains  = { to_domains = ["api.stripe.com", "**.googleapis.com"], ports = [443] }
    database = { to_pods = { match_labels = { app = "database" } }, ports = [5432] }
    internal = { to_cidrs = ["10.0.0.0/8", "!10.100.0.0/16"], ports = [80, 443] }
  }
}

# Nothing but DNS and the API server, in every namespace that is not the cluster's own or Calico's.
resource "egress_policy" "default_deny" {
  name     = "default-deny-egress"
  delivery = "render"
  allow    = { api = { to_entities = ["kube-apiserver"], ports = [6443] } }
}

# Two gateways, one address each, for the whole namespace: a namespace is bound to its gateway by an annotation.
resource "egress_gateway" "partners" {
  name      = "egress-gateway"
  namespace = "egress"
  delivery  = "render"
  sources   = { production = { namespaces = { names = ["production"] }, pods = { all = true } } }
  ips       = ["10.10.10.1", "10.10.10.2"]
  replicas  = 2
  failover  = "required"

  to {
    cidrs = ["203.0.113.0/24"]
  }

  nodes {
    match_labels = { egress-gateway = "true" }
  }
}
