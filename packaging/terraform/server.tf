data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"] # Debian

  filter {
    name   = "name"
    values = ["debian-12-arm64-*"]
  }
}

# What comes in: browsers, and SSH only from where it was asked for. What goes
# out: web (packages, certificates, the bucket, push) and mail. Names and time
# are asked of Amazon's own servers, which no rule is needed for.
resource "aws_security_group" "library" {
  name_prefix = "onlibrary-"
  description = "HTTP and HTTPS to the library"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.library.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each = toset(var.ssh_from)

  security_group_id = aws_security_group.library.id
  description       = "ssh"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = { http = 80, https = 443, smtps = 465, submission = 587 }

  security_group_id = aws_security_group.library.id
  description       = each.key
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_instance" "library" {
  ami                     = data.aws_ami.debian.id
  instance_type           = var.instance_type
  key_name                = var.ssh_key
  vpc_security_group_ids  = [aws_security_group.library.id]
  disable_api_termination = true

  # No secret is in it: whoever can see the server at Amazon can read it.
  user_data = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    domain         = var.domain
    acme_email     = var.acme_email
    package_url    = var.package_url
    package_sha256 = var.package_sha256
  })

  root_block_device {
    encrypted             = true
    volume_type           = "gp3"
    volume_size           = var.disk_gb
    delete_on_termination = false
  }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  tags = { Name = var.domain }

  # The database is on its disk: it is upgraded in place, never replaced.
  lifecycle {
    prevent_destroy = true
    ignore_changes  = [ami, user_data]
  }
}

resource "aws_eip" "library" {
  instance = aws_instance.library.id
  domain   = "vpc"
}
