variable "region" {
  description = "Where the server and the bucket are, such as eu-central-1."
  type        = string
}

variable "domain" {
  description = "Name of the library, such as books.example.org. Its A record has to be the address that is put out."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "Want a name such as books.example.org, in lower case."
  }
}

variable "acme_email" {
  description = "Address that the certificate authority may write to."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$", var.acme_email))
    error_message = "Want an e-mail address."
  }
}

variable "package_url" {
  description = "Address of the package to install: the .deb of a release for arm64."
  type        = string

  validation {
    condition     = can(regex("^https://[A-Za-z0-9./_~%+-]+_arm64[.]deb$", var.package_url))
    error_message = "Want an https address that ends in _arm64.deb."
  }
}

variable "package_sha256" {
  description = "SHA-256 of that package, as the release's checksums.txt has it."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "Want 64 hexadecimal digits."
  }
}

variable "bucket" {
  description = "Name of the bucket to make for the library's files and backups. No other bucket in the world may have it."
  type        = string
}

variable "instance_type" {
  description = "Size of the server, of an arm64 kind."
  type        = string
  default     = "t4g.small"
}

variable "disk_gb" {
  description = "Size of its disk in GiB. Without the bucket, all files are there."
  type        = number
  default     = 20
}

variable "ssh_from" {
  description = "Networks from which SSH is let in, such as [\"203.0.113.7/32\"]. None, unless you name some."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for n in var.ssh_from : can(cidrhost(n, 0)) && !endswith(n, "/0")])
    error_message = "Want networks such as 203.0.113.7/32, and not the whole world."
  }
}

variable "ssh_key" {
  description = "Name of a key pair at Amazon that opens SSH, or null."
  type        = string
  default     = null
}
