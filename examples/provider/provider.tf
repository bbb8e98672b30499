terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  owner = "acme-prod"

  aws {
    region = "eu-west-1"
  }

  kubernetes {
    config_path = "~/.kube/config"
  }
}
