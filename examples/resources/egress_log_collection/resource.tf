# What Cilium stops of the shop, from every node to Elasticsearch.
resource "egress_policy" "logged" {
  name      = "logged"
  namespace = "production"
  engine    = "cilium"
  delivery  = "render"
  allow     = { payments = { to_domains = ["api.stripe.com"], ports = [443] } }
}

resource "egress_log_collection" "egress" {
  name      = "egress"
  namespace = "production"
  collector = "fluent-bit"
  policies  = { logged = egress_policy.logged }
  keep      = "denied"
  fields    = { cluster = "prod" }

  elasticsearch {
    host = "elasticsearch.logging.svc"

    # The Secret that fills these is the collector's own.
    login {
      user_variable     = "ES_USER"
      password_variable = "ES_PASSWORD"
    }
  }
}

output "what_cilium_has_to_be_told" {
  value = egress_log_collection.egress.requirements
}
