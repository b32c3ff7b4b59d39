# For files and backups, if the dashboard is told of it. Nobody reaches it
# without the key of the user below, and nothing in it is ever public.
resource "aws_s3_bucket" "library" {
  bucket = var.bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "library" {
  bucket                  = aws_s3_bucket.library.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "library" {
  bucket = aws_s3_bucket.library.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "library" {
  bucket = aws_s3_bucket.library.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

# What was deleted by mistake can be had back for a month.
resource "aws_s3_bucket_versioning" "library" {
  bucket = aws_s3_bucket.library.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "library" {
  bucket     = aws_s3_bucket.library.id
  depends_on = [aws_s3_bucket_versioning.library]

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "library" {
  bucket     = aws_s3_bucket.library.id
  policy     = data.aws_iam_policy_document.tls.json
  depends_on = [aws_s3_bucket_public_access_block.library]
}

data "aws_iam_policy_document" "tls" {
  statement {
    sid       = "OnlyOverTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.library.arn, "${aws_s3_bucket.library.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# Its key is made by hand (see docs/install.md), so that it is in no state file.
resource "aws_iam_user" "library" {
  name = "onlibrary-${var.bucket}"
}

resource "aws_iam_user_policy" "library" {
  name   = "files"
  user   = aws_iam_user.library.name
  policy = data.aws_iam_policy_document.files.json
}

data "aws_iam_policy_document" "files" {
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.library.arn]
  }

  statement {
    sid       = "ReadAndWrite"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.library.arn}/*"]
  }
}
