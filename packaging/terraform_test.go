package packaging

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"go.yaml.in/yaml/v3"
)

// terraform parses the configuration. Terraform itself is not to be had where
// these tests run, so that what its providers take is not checked.
func terraform(t *testing.T) []*hclsyntax.Block {
	t.Helper()
	files, err := filepath.Glob("terraform/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	parser := hclparse.NewParser()
	var blocks []*hclsyntax.Block
	for _, path := range files {
		f, diags := parser.ParseHCLFile(path)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		body, ok := f.Body.(*hclsyntax.Body)
		if !ok || len(body.Attributes) > 0 {
			t.Fatalf("%s has more than blocks", path)
		}
		blocks = append(blocks, body.Blocks...)
	}
	return blocks
}

// find returns the blocks whose type and first labels these are.
func find(blocks []*hclsyntax.Block, words ...string) []*hclsyntax.Block {
	var found []*hclsyntax.Block
	for _, b := range blocks {
		name := append([]string{b.Type}, b.Labels...)
		if len(name) >= len(words) && slices.Equal(name[:len(words)], words) {
			found = append(found, b)
		}
	}
	return found
}

// only is the one block of that name.
func only(t *testing.T, blocks []*hclsyntax.Block, words ...string) *hclsyntax.Body {
	t.Helper()
	found := find(blocks, words...)
	if len(found) != 1 {
		t.Fatalf("%d blocks %v, want one", len(found), words)
	}
	return found[0].Body
}

// value is what an attribute is, where it needs no variable to be told.
func value(t *testing.T, body *hclsyntax.Body, name string) cty.Value {
	t.Helper()
	a := body.Attributes[name]
	if a == nil {
		t.Fatalf("no %s", name)
	}
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return v
}

// source is the text of an attribute.
func source(t *testing.T, body *hclsyntax.Body, name string) string {
	t.Helper()
	a := body.Attributes[name]
	if a == nil {
		t.Fatalf("no %s", name)
	}
	r := a.Expr.Range()
	return read(t, r.Filename)[r.Start.Byte:r.End.Byte]
}

func TestTerraformIsFormatted(t *testing.T) {
	files, err := filepath.Glob("terraform/*.tf")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := hclwrite.Format(text); !bytes.Equal(want, text) {
			t.Errorf("%s is not formatted; want\n%s", path, want)
		}
	}
}

// TestTerraformNamesWhatThereIs wants every variable, resource and data source
// that is spoken of to be there, and every variable and data source to be used.
func TestTerraformNamesWhatThereIs(t *testing.T) {
	blocks := terraform(t)
	there := map[string]bool{}
	for _, b := range blocks {
		switch b.Type {
		case "variable":
			there["var."+b.Labels[0]] = false
		case "data":
			there["data."+b.Labels[0]+"."+b.Labels[1]] = false
		case "resource":
			there[b.Labels[0]+"."+b.Labels[1]] = true
		}
	}
	for _, b := range blocks {
		hclsyntax.VisitAll(b.Body, func(n hclsyntax.Node) hcl.Diagnostics {
			expr, ok := n.(*hclsyntax.ScopeTraversalExpr)
			if !ok {
				return nil
			}
			var words []string
			for _, step := range expr.Traversal {
				switch s := step.(type) {
				case hcl.TraverseRoot:
					words = append(words, s.Name)
				case hcl.TraverseAttr:
					words = append(words, s.Name)
				}
			}
			want := 2
			if words[0] == "data" {
				want = 3
			}
			if len(words) < want || words[0] == "each" || words[0] == "path" {
				return nil // a word of the language
			}
			name := strings.Join(words[:want], ".")
			if b.Type == "variable" && name == "var."+b.Labels[0] {
				return nil // its own validation
			}
			if _, ok := there[name]; !ok {
				t.Errorf("%s: there is no %s", expr.Range(), name)
			}
			there[name] = true
			return nil
		})
	}
	for name, used := range there {
		if !used {
			t.Errorf("%s is of no use", name)
		}
	}
}

// TestTerraformOpensOnlyTheWeb wants ports 80 and 443 open, SSH only where
// someone says from where, and nothing else.
func TestTerraformOpensOnlyTheWeb(t *testing.T) {
	blocks := terraform(t)
	for _, b := range find(blocks, "resource", "aws_security_group") {
		if len(b.Body.Attributes) > 2 || len(b.Body.Blocks) > 1 {
			t.Errorf("%v has rules of its own", b.Labels)
		}
	}
	if n := len(find(blocks, "resource", "aws_vpc_security_group_ingress_rule")); n != 2 {
		t.Errorf("%d rules of what comes in, want 2", n)
	}
	web := only(t, blocks, "resource", "aws_vpc_security_group_ingress_rule", "web")
	if got := value(t, web, "for_each").AsValueMap(); len(got) != 2 || !got["http"].RawEquals(cty.NumberIntVal(80)) || !got["https"].RawEquals(cty.NumberIntVal(443)) {
		t.Errorf("open to the world: %v", got)
	}
	for _, end := range []string{"from_port", "to_port"} {
		if got := source(t, web, end); got != "each.value" {
			t.Errorf("%s is %s", end, got)
		}
	}
	ssh := only(t, blocks, "resource", "aws_vpc_security_group_ingress_rule", "ssh")
	if from, to := source(t, ssh, "for_each"), source(t, ssh, "cidr_ipv4"); from != "toset(var.ssh_from)" || to != "each.value" {
		t.Errorf("SSH is open to %s, %s", from, to)
	}
	if got := value(t, only(t, blocks, "variable", "ssh_from"), "default"); got.LengthInt() != 0 {
		t.Errorf("SSH is open by default to %#v", got)
	}
	if !strings.Contains(read(t, "terraform/variables.tf"), `!endswith(n, "/0")`) {
		t.Error("SSH may be opened to the world")
	}
}

// TestTerraformKeepsTheBucketPrivate wants a bucket that nothing can make
// public, and that keeps no parts of uploads that were cut off, and a user who
// may do to it what the library does, and no more.
func TestTerraformKeepsTheBucketPrivate(t *testing.T) {
	blocks := terraform(t)
	if n := len(find(blocks, "resource", "aws_s3_bucket")); n != 1 {
		t.Errorf("%d buckets, want one", n)
	}
	block := only(t, blocks, "resource", "aws_s3_bucket_public_access_block")
	for _, name := range []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"} {
		if !value(t, block, name).True() {
			t.Errorf("%s is off", name)
		}
	}
	if n := len(find(blocks, "resource", "aws_s3_bucket_acl")); n != 0 {
		t.Error("the bucket has an ACL")
	}
	rule := only(t, only(t, blocks, "resource", "aws_s3_bucket_lifecycle_configuration").Blocks, "rule")
	if value(t, rule, "status").AsString() != "Enabled" || !value(t, only(t, rule.Blocks, "abort_incomplete_multipart_upload"), "days_after_initiation").RawEquals(cty.NumberIntVal(1)) {
		t.Error("uploads that were cut off stay longer than docs/storage.md says")
	}
	allowed := []string{"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"}
	for _, b := range find(only(t, blocks, "data", "aws_iam_policy_document", "files").Blocks, "statement") {
		for _, action := range value(t, b.Body, "actions").AsValueSlice() {
			if !slices.Contains(allowed, action.AsString()) {
				t.Errorf("the library may %s", action.AsString())
			}
		}
		if got := source(t, b.Body, "resources"); !strings.Contains(got, "aws_s3_bucket.library.arn") || strings.Contains(got, `"*"`) {
			t.Errorf("the library may reach %s", got)
		}
	}
	for _, b := range find(only(t, blocks, "data", "aws_iam_policy_document", "tls").Blocks, "statement") {
		if got := value(t, b.Body, "effect").AsString(); got != "Deny" {
			t.Errorf("anyone: %s", got)
		}
	}
}

// TestTerraformHoldsNoSecret wants no key or password in the configuration, its
// variables, its state or the server's user data; no database server; an
// encrypted disk; and no way to the server's own credentials by a forged request.
func TestTerraformHoldsNoSecret(t *testing.T) {
	blocks := terraform(t)
	kinds := map[string]int{}
	for _, b := range find(blocks, "resource") {
		kinds[b.Labels[0]]++
	}
	for _, kind := range []string{"aws_iam_access_key", "aws_db_instance", "aws_rds_cluster", "aws_ssm_parameter", "aws_key_pair"} {
		if kinds[kind] > 0 {
			t.Errorf("there is an %s", kind)
		}
	}
	secret := regexp.MustCompile(`(?i)password|secret|token|private_key`)
	for _, b := range blocks {
		hclsyntax.VisitAll(b.Body, func(n hclsyntax.Node) hcl.Diagnostics {
			if a, ok := n.(*hclsyntax.Attribute); ok && secret.MatchString(a.Name) && a.Name != "http_tokens" {
				t.Errorf("%s: %s", a.Range(), a.Name)
			}
			return nil
		})
		if b.Type == "variable" && secret.MatchString(b.Labels[0]) {
			t.Errorf("variable %s", b.Labels[0])
		}
	}
	if text := read(t, "terraform/cloud-init.yaml.tftpl"); secret.MatchString(text) {
		t.Error("the user data speak of a secret")
	}
	server := only(t, blocks, "resource", "aws_instance")
	if disk := only(t, server.Blocks, "root_block_device"); !value(t, disk, "encrypted").True() {
		t.Error("the disk is not encrypted")
	}
	if meta := only(t, server.Blocks, "metadata_options"); value(t, meta, "http_tokens").AsString() != "required" {
		t.Error("the server's credentials are to be had without a session")
	}
}

// cloudInit is the user data of a server, for these values.
func cloudInit(t *testing.T, values map[string]string) string {
	t.Helper()
	const path = "terraform/cloud-init.yaml.tftpl"
	expr, diags := hclsyntax.ParseTemplate([]byte(read(t, path)), path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars := map[string]cty.Value{}
	for name, v := range values {
		vars[name] = cty.StringVal(v)
	}
	v, diags := expr.Value(&hcl.EvalContext{Variables: vars})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return v.AsString()
}

// TestCloudInitIsWhatTheServerRuns wants YAML that cloud-init reads, given the
// very values that server.tf gives it, and a script that a shell reads.
func TestCloudInitIsWhatTheServerRuns(t *testing.T) {
	given := source(t, only(t, terraform(t), "resource", "aws_instance"), "user_data")
	values := map[string]string{"domain": "books.example.org", "acme_email": "ann@example.org", "package_url": "https://example.org/onlibrary_1.0.0_arm64.deb", "package_sha256": strings.Repeat("0a", 32)}
	for name := range values {
		if !regexp.MustCompile(`(?m)^\s*` + name + `\s+= var\.` + name + `$`).MatchString(given) {
			t.Errorf("server.tf gives no %s", name)
		}
	}
	text := cloudInit(t, values)
	if !strings.HasPrefix(text, "#cloud-config\n") {
		t.Error("cloud-init would not know it")
	}
	var doc struct {
		Upgrade  bool     `yaml:"package_upgrade"`
		Update   bool     `yaml:"package_update"`
		Packages []string `yaml:"packages"`
		Run      []string `yaml:"runcmd"`
	}
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if !doc.Upgrade || !doc.Update || !slices.Contains(doc.Packages, "ffmpeg") || len(doc.Run) != 1 {
		t.Errorf("%+v", doc)
	}
	readable(t, doc.Run[0])
	if sum, install := strings.Index(doc.Run[0], "sha256sum -c"), strings.Index(doc.Run[0], "apt-get install"); sum < 0 || install < sum {
		t.Error("the package is installed before it is checked")
	}
}
