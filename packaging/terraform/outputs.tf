output "address" {
  description = "Point the A record of the domain here."
  value       = aws_eip.library.public_ip
}

output "bucket_user" {
  description = "Whose key the library uses for the bucket."
  value       = aws_iam_user.library.name
}
