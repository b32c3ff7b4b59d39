package config

import "os"

// AWS is how to reach a bucket of another program, by the names that AWS's own
// tools read: what belongs to one command is no setting of the library.
type AWS struct {
	AccessKey, SecretKey, Region, Endpoint string
}

// ReadAWS reads the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
// AWS_REGION and AWS_ENDPOINT_URL, the base of an S3 that is not Amazon's.
func ReadAWS() AWS {
	return AWS{
		AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		Region: os.Getenv("AWS_REGION"), Endpoint: os.Getenv("AWS_ENDPOINT_URL"),
	}
}
