terraform {
  required_providers {
    egress = { source = "egress/egress" }
  }
}

provider "egress" {
  # One owner per state: each workspace has its own.
  owner = "acme-${terraform.workspace}"

  aws {
    region = "eu-west-1"
  }

  kubernetes {
    config_path = "~/.kube/config"
  }
}
