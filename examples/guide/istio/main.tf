# Istio: what leaves goes through the egress gateway, to names, by service account.
terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"

  kubernetes {
    engine = "istio"

    istio {
      gateway_namespace  = "istio-system"
      gateway_tls_ports  = [8443]
      gateway_http_ports = [8080]
    }
  }
}

resource "egress_policy" "production" {
  name             = "egress-authz"
  namespace        = "production"
  delivery         = "render"
  service_accounts = ["api-service"]
  allow = {
    payment = { to_domains = ["api.stripe.com", "api.braintreegateway.com"], ports = [443] }
    google  = { to_domains = ["accounts.google.com", "oauth2.googleapis.com"], ports = [443] }
  }
}

resource "egress_policy" "monitoring" {
  name      = "monitoring-services"
  namespace = "monitoring"
  delivery  = "render"
  # Wildcards cannot go through an egress gateway: name the hosts.
  allow = { vendors = { to_domains = ["api.datadoghq.com", "collector.newrelic.com", "events.pagerduty.com"], ports = [443] } }
}
