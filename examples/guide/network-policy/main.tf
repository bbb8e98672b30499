# The policies that every network plugin enforces. Each allows DNS, which is the default.
terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"
}

# What the backend may reach: its database, its cache, and a partner's block without one part.
resource "egress_policy" "egress_control" {
  name      = "egress-control"
  namespace = "production"
  delivery  = "render"
  labels    = { policy-type = "egress", environment = "production" }

  pods {
    match_labels = { app = "backend" }
  }

  allow = {
    database = { to_pods = { match_labels = { app = "database", tier = "backend" } }, ports = [5432] }
    redis    = { to_pods = { match_labels = { app = "redis" } }, ports = [6379] }
    partner  = { to_cidrs = ["203.0.113.0/24", "!203.0.113.128/25"], ports = [443] }
  }
}

# A whole namespace. Namespaces are named by the label that Kubernetes itself sets.
resource "egress_policy" "namespace_wide" {
  name      = "namespace-egress-policy"
  namespace = "frontend"
  delivery  = "render"
  allow = {
    backend    = { to_namespaces = { names = ["backend"], pods = { all = true } }, ports = [8080] }
    monitoring = { to_namespaces = { names = ["monitoring"], pods = { all = true } }, ports = [9090, 3000] }
  }
}

# Nothing leaves, not even name resolution.
resource "egress_policy" "default_deny" {
  name      = "default-deny-egress"
  namespace = "production"
  delivery  = "render"
  allow_dns = false
}

# Nothing but name resolution leaves.
resource "egress_policy" "dns_only" {
  name      = "allow-dns-egress"
  namespace = "production"
  delivery  = "render"
}

# Published address blocks of services outside. They change: take them from data, never from a page.
resource "egress_policy" "external_services" {
  name      = "external-services-egress"
  namespace = "production"
  delivery  = "render"

  pods {
    match_labels = { role = "api-consumer" }
  }

  allow = {
    aws     = { to_cidrs = ["52.94.0.0/20", "54.239.0.0/17"], ports = [443] }
    google  = { to_cidrs = ["142.250.0.0/15"], ports = [443] }
    payment = { to_cidrs = ["91.218.229.0/24"], ports = [443] }
  }
}

# The production template: inside the environment freely, outside only through the gateway's pods.
resource "egress_policy" "internal" {
  name      = "allow-internal"
  namespace = "production"
  delivery  = "render"
  allow = {
    environment = {
      to_namespaces = { match_labels = { environment = "production" }, pods = { all = true } }
      ports         = ["any/TCP"]
    }
  }
}

resource "egress_policy" "gateway" {
  name      = "allow-egress-gateway"
  namespace = "production"
  delivery  = "render"

  pods {
    match_labels = { egress-access = "external" }
  }

  allow = {
    # The port of the gateway's pods: a policy sees what the Service's 443 became.
    gateway = {
      to_namespaces = { names = ["istio-system"], pods = { match_labels = { istio = "egressgateway" } } }
      ports         = [8443]
    }
    istiod = {
      to_namespaces = { names = ["istio-system"], pods = { match_labels = { app = "istiod" } } }
      ports         = [15012]
    }
  }
}
