package packaging

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"onlibrary/internal/config"
)

// readable wants a script that a POSIX shell can read.
func readable(t *testing.T, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestEverySettingIsOne wants every setting that these files name to be one of
// the program's, so that none is set in vain.
func TestEverySettingIsOne(t *testing.T) {
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[config.Prefix+s.Name] = true
	}
	for _, path := range []string{"onlibrary.env", "../Dockerfile", "../compose.yaml", "terraform/cloud-init.yaml.tftpl", "../docs/install.md", "macos/org.onlibrary.plist"} {
		for _, name := range regexp.MustCompile(`ONLIBRARY_[A-Z_]+`).FindAllString(read(t, path), -1) {
			if !known[name] {
				t.Errorf("%s: there is no setting %s", path, name)
			}
		}
	}
}

// instruction is a line of a Dockerfile, with those that go on in the next put
// together.
type instruction struct{ word, rest string }

func dockerfile(t *testing.T) (stages [][]instruction) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "../Dockerfile"), "")
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "FROM" {
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{word, strings.TrimSpace(rest)})
	}
	return stages
}

// last is what the last instruction of that word says in the image that is run.
func last(t *testing.T, word string) string {
	t.Helper()
	stages := dockerfile(t)
	image := stages[len(stages)-1]
	for i := len(image) - 1; i >= 0; i-- {
		if image[i].word == word {
			return image[i].rest
		}
	}
	t.Fatalf("the image has no %s", word)
	return ""
}

// TestImageRunsWithoutRights wants an image whose program is not the superuser,
// keeps its data in a volume and asks itself, by no shell, whether it is well.
func TestImageRunsWithoutRights(t *testing.T) {
	if user := last(t, "USER"); !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("it runs as %s", user)
	}
	if got := last(t, "VOLUME"); got != "/var/lib/onlibrary" || !strings.Contains(last(t, "ENV"), "ONLIBRARY_DATA_DIR="+got) {
		t.Errorf("the data are in %s, the volume is another", got)
	}
	for _, word := range []string{"ENTRYPOINT", "CMD"} {
		var words []string
		if err := json.Unmarshal([]byte(last(t, word)), &words); err != nil {
			t.Errorf("%s needs a shell: %v", word, err)
		}
	}
	_, check, _ := strings.Cut(last(t, "HEALTHCHECK"), "CMD ")
	var words []string
	if err := json.Unmarshal([]byte(check), &words); err != nil || !slices.Equal(words, []string{"onlibrary", "health"}) {
		t.Errorf("it asks by %s (%v)", check, err)
	}
}

// TestImageHoldsNoSecret wants nothing in the image but the program: what is
// copied is named, and what could be secret stays out of the build.
func TestImageHoldsNoSecret(t *testing.T) {
	secret := regexp.MustCompile(`(?i)password|secret|token|_key|\.env`)
	for i, stage := range dockerfile(t) {
		for _, line := range stage {
			if secret.MatchString(line.rest) {
				t.Errorf("%s %s", line.word, line.rest)
			}
			if final := i == len(dockerfile(t))-1; final && (line.word == "COPY" || line.word == "ADD") && line.rest != "--from=program /onlibrary /usr/bin/onlibrary" {
				t.Errorf("the image also takes %s", line.rest)
			}
		}
	}
	if !strings.Contains(read(t, "../.dockerignore"), "\n*\n") {
		t.Error("the build is given whatever lies in the folder")
	}
}

// TestComposeKeepsTheContainerIn wants a service without rights that is not
// open to the world unless someone says so.
func TestComposeKeepsTheContainerIn(t *testing.T) {
	var doc struct {
		Services map[string]struct {
			Ports       []string `yaml:"ports"`
			ReadOnly    bool     `yaml:"read_only"`
			CapDrop     []string `yaml:"cap_drop"`
			SecurityOpt []string `yaml:"security_opt"`
			Volumes     []string `yaml:"volumes"`
			Privileged  bool     `yaml:"privileged"`
		} `yaml:"services"`
		Volumes map[string]any `yaml:"volumes"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "../compose.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	s, ok := doc.Services["library"]
	if !ok || !s.ReadOnly || s.Privileged || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("%+v", s)
	}
	for _, p := range s.Ports {
		if !strings.HasPrefix(p, "127.0.0.1:") {
			t.Errorf("open to the world: %s", p)
		}
	}
	if _, ok := doc.Volumes["library"]; !ok || !slices.Contains(s.Volumes, "library:/var/lib/onlibrary") {
		t.Errorf("the data are in no volume: %v", s.Volumes)
	}
	// The lines that a domain wants are the same file with their marks taken off.
	open := regexp.MustCompile(`(?m)^( +)# (environment:|  ONLIBRARY_|- \d)`).ReplaceAllString(read(t, "../compose.yaml"), "$1$2")
	if err := yaml.Unmarshal([]byte(open), &doc); err != nil || !slices.Contains(doc.Services["library"].Ports, "443:443") {
		t.Errorf("%v, %v\n%s", err, doc.Services["library"].Ports, open)
	}
}

// TestReleaseIsOfEverySystem wants a program for each system, and every file
// that a release takes to be there, but for those that are made.
func TestReleaseIsOfEverySystem(t *testing.T) {
	type file struct {
		Src string `yaml:"src"`
	}
	var doc struct {
		Builds []struct {
			Targets []string `yaml:"targets"`
		} `yaml:"builds"`
		Archives []struct {
			Files []file `yaml:"files"`
		} `yaml:"archives"`
		NFPMs []struct {
			Contents []file            `yaml:"contents"`
			Scripts  map[string]string `yaml:"scripts"`
		} `yaml:"nfpms"`
		SBOMs []any `yaml:"sboms"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "../.goreleaser.yaml")), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Builds) != 1 || len(doc.Archives) != 1 || len(doc.NFPMs) != 1 || len(doc.SBOMs) != 1 {
		t.Fatalf("%+v", doc)
	}
	for _, want := range []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"} {
		if !slices.Contains(doc.Builds[0].Targets, want) {
			t.Errorf("nothing for %s", want)
		}
	}
	for _, f := range append(doc.Archives[0].Files, doc.NFPMs[0].Contents...) {
		if f.Src == "" || f.Src == "onlibrary.env" || strings.HasPrefix(f.Src, ".cache/") {
			continue // a folder, a link, what `make manual` makes
		}
		if _, err := os.Stat(filepath.Join("..", f.Src)); err != nil {
			t.Error(err)
		}
	}
	for _, script := range doc.NFPMs[0].Scripts {
		readable(t, read(t, filepath.Join("..", script)))
	}
}

// TestLaunchdReadsThePlist wants XML whose every key has a value.
func TestLaunchdReadsThePlist(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(read(t, "macos/org.onlibrary.plist")))
	keys, values := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "key":
			keys++
		case "string", "array", "dict", "integer", "true", "false":
			values++
		}
	}
	// Each key has one; the whole is a dictionary, and the program's name and
	// arguments are four values more in their array.
	if want := keys + 1 + 4; values != want || keys == 0 {
		t.Errorf("%d keys have %d values, want %d", keys, values, want)
	}
}

// commands is what a part of a document has people enter.
func commands(t *testing.T, path, from, to string) string {
	t.Helper()
	_, text, found := strings.Cut(read(t, path), from)
	if !found {
		t.Fatalf("%s has no %q", path, from)
	}
	text, _, _ = strings.Cut(text, to)
	var all strings.Builder
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all.WriteString(m[1])
	}
	return all.String()
}

// TestReadmeInstallsAsTheDocument wants the README to say the very commands
// that docs/install.md does, which are followed word for word by another test.
func TestReadmeInstallsAsTheDocument(t *testing.T) {
	short := commands(t, "../README.md", "\n## Install\n", "\n## ")
	long := commands(t, "../docs/install.md", "\n## A server with Debian\n", "\n### ")
	if short == "" || short != long {
		t.Errorf("the README says\n%s\ndocs/install.md\n%s", short, long)
	}
}
