# The guide's monitoring: the mesh's traffic, its egress gateway and the NAT gateways behind it, with the guide's Chinese titles.
terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme"

  kubernetes {
    engine = "istio"
  }
}

resource "egress_policy" "backend" {
  name      = "backend"
  namespace = "production"
  delivery  = "render"
  allow     = { stripe = { to_domains = ["api.stripe.com"], ports = [443] } }

  pods {
    match_labels = { app = "backend" }
  }
}

resource "egress_gateway" "istio" {
  name      = "istio-egressgateway"
  namespace = "istio-system"
  delivery  = "render"
  sources   = { backend = { namespaces = { names = ["production"] }, pods = { match_labels = { app = "backend" } } } }

  to {
    domains = ["api.stripe.com"]
  }
}

# PrometheusRule and dashboard.
resource "egress_monitoring" "egress" {
  name      = "egress-monitoring-rules"
  namespace = "monitoring"
  delivery  = "render"
  language  = "zh"
  policies  = { backend = egress_policy.backend }
  gateways  = { istio = egress_gateway.istio }

  # The guide's are made with Terraform's own resources.
  existing_nat_gateways = {
    production = { cloud = "aws", region = "us-west-2", ids = ["nat-0a1b2c3d4e5f60718", "nat-0a1b2c3d4e5f60719"], addresses = 1 }
  }

  rules {
    labels = { release = "kube-prometheus-stack" }
  }

  # Every alert of the guide, by name: one that could not fire would be an error.
  alerts {
    egress_traffic_spike {}
    egress_connection_failures {}
    unauthorized_egress_attempt {}
    egress_gateway_down {}
    egress_latency_high {}
    nat_gateway_port_exhaustion {}
    egress_dns_failures {}
  }

  dashboard {
    title = "Egress Traffic Dashboard"
  }

  scrape {
    labels = { release = "kube-prometheus-stack" }
  }
}

output "switch_on" {
  value = egress_monitoring.egress.requirements
}

output "exporter_jobs" {
  value = egress_monitoring.egress.exporter_jobs
}

# Fluentd's configuration. On containerd the guide's parser takes no line: the container runtime writes no JSON around it.
resource "egress_log_collection" "egress" {
  name      = "fluentd-egress-config"
  namespace = "logging"
  delivery  = "render"
  collector = "fluentd"
  gateways  = { istio = egress_gateway.istio }
  keep      = "all"
  fields    = { cluster_name = "production" }

  elasticsearch {
    host = "elasticsearch.logging.svc"
    tls  = false
  }
}
