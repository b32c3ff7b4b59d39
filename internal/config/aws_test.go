package config

import "testing"

func TestAWSIsReadByItsOwnNames(t *testing.T) {
	want := AWS{AccessKey: "key", SecretKey: "secret", Region: "us-east-2", Endpoint: "https://s3.example.org"}
	t.Setenv("AWS_ACCESS_KEY_ID", want.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", want.SecretKey)
	t.Setenv("AWS_REGION", want.Region)
	t.Setenv("AWS_ENDPOINT_URL", want.Endpoint)
	if got := ReadAWS(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
