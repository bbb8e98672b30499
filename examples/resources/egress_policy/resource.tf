# What the backend may reach; everything else that leaves its pods is refused. DNS is allowed without being named.
resource "egress_policy" "backend" {
  name      = "backend"
  namespace = "production"

  pods {
    match_labels = { app = "backend" }
  }

  allow = {
    database = {
      to_pods = { match_labels = { app = "database" } }
      ports   = [5432]
    }
    partner = {
      to_cidrs = ["203.0.113.0/24", "!203.0.113.128/25"]
      ports    = [443]
    }
  }
}
