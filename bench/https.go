package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	downloadSize = 100 << 20
	downloads    = 7 // of each, by turns
	handshaking  = 2 * time.Second
	handshakers  = 4
)

// secured is a server of HTTPS that bench started.
type secured struct {
	addr string
	file string // path of the download
	stop func() error
}

// overHTTPS downloads a file from the library and from Caddy, which have one
// certificate and one file, by turns, and counts handshakes.
func overHTTPS(b *bench) (figures []figure, err error) {
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		log.Print("https: caddy is missing (apt-get install caddy)")
		return nil, nil
	}
	dir := filepath.Join(b.dir, "https")
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, err
	}
	cert, key, trusted, err := certificate(dir)
	if err != nil {
		return nil, err
	}
	content := make([]byte, downloadSize)
	if _, err := rand.Read(content); err != nil {
		return nil, err
	}
	for i := range content {
		content[i] = 'a' + content[i]%26
	}
	if err := os.WriteFile(filepath.Join(dir, "files", "noise.txt"), content, 0o600); err != nil {
		return nil, err
	}
	ours, err := secureLibrary(b, dir, cert, key, trusted, content)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.stop()) }()
	theirs, err := secureCaddy(caddy, dir, cert, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, theirs.stop()) }()

	for _, http2 := range []bool{true, false} {
		var times [2][]float64
		for range downloads {
			for i, s := range []secured{ours, theirs} {
				took, err := download(s, trusted, http2)
				if err != nil {
					return nil, err
				}
				times[i] = append(times[i], took)
			}
		}
		figures = append(figures, shown(figure{
			What: "a download over HTTPS", Data: fmt.Sprintf("100 MiB, HTTP/%s, median of %d", map[bool]string{true: "2", false: "1.1"}[http2], downloads), Unit: "ms",
			Ours: middle(times[0]), Theirs: middle(times[1]), Rival: "Caddy", Times: 1.3,
		}))
	}
	var each [2][]float64
	for range 3 {
		for i, s := range []secured{ours, theirs} {
			ms, err := handshakes(s.addr, trusted)
			if err != nil {
				return nil, err
			}
			each[i] = append(each[i], ms)
		}
	}
	return append(figures, shown(figure{
		What: "a TLS handshake", Data: fmt.Sprintf("full, X25519, ECDSA P-256, %d at once: %.0f a second, Caddy %.0f", handshakers, 1000/middle(each[0]), 1000/middle(each[1])),
		Unit: "ms", Ours: middle(each[0]), Theirs: middle(each[1]), Rival: "Caddy", Times: 1.25, // 0.8 as many a second
	})), nil
}

func middle(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// download returns the milliseconds that a download takes on a new connection.
func download(s secured, trusted *x509.CertPool, http2 bool) (float64, error) {
	client := secureClient(trusted, http2)
	defer client.CloseIdleConnections()
	began := time.Now()
	response, err := client.Get("https://" + s.addr + s.file)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || n != downloadSize || (response.ProtoMajor == 2) != http2 {
		return 0, fmt.Errorf("download from %s: %d bytes by %s, %s: %w", s.addr, n, response.Proto, response.Status, err)
	}
	return time.Since(began).Seconds() * 1000, nil
}

// handshakes returns the milliseconds from one full handshake to the next.
func handshakes(addr string, trusted *x509.CertPool) (float64, error) {
	// What the older of the two can do as well.
	config := &tls.Config{RootCAs: trusted, CurvePreferences: []tls.CurveID{tls.X25519}, MinVersion: tls.VersionTLS13}
	var done atomic.Int64
	errs := make([]error, handshakers)
	began := time.Now()
	var all sync.WaitGroup
	for i := range handshakers {
		all.Go(func() {
			for time.Since(began) < handshaking {
				c, err := tls.Dial("tcp", addr, config)
				if err != nil {
					errs[i] = err
					return
				}
				done.Add(1)
				_ = c.Close() // the far end may have been first
			}
		})
	}
	all.Wait()
	return time.Since(began).Seconds() * 1000 / float64(done.Load()), errors.Join(errs...)
}

func secureClient(trusted *x509.CertPool, http2 bool) *http.Client {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, Protocols: protocols}}
}

func secureLibrary(b *bench, dir, cert, key string, trusted *x509.CertPool, content []byte) (secured, error) {
	https, plain, err := twoAddresses()
	if err != nil {
		return secured{}, err
	}
	c := exec.Command(b.program, "serve", "--https", https, "--http-challenge", plain, "--tls-cert", cert, "--tls-key", key, "--data-dir", filepath.Join(dir, "data"))
	c.Dir = dir
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ONLIBRARY_") {
			c.Env = append(c.Env, v)
		}
	}
	c.Env = append(c.Env, "ONLIBRARY_SUPERUSER_EMAIL="+rootMail, "ONLIBRARY_SUPERUSER_PASSWORD="+password)
	stop, err := launch(c, https)
	if err != nil {
		return secured{}, err
	}
	s := &server{base: "https://" + https, client: secureClient(trusted, true)}
	out := secured{addr: https, stop: stop}
	if out.file, err = s.publish(content); err == nil {
		err = alone(c.Process.Pid)
	}
	if err != nil {
		return secured{}, errors.Join(err, stop())
	}
	return out, nil
}

// alone waits until a process has no children: a first start compiles PDFium.
func alone(pid int) error {
	time.Sleep(time.Second)
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		pids, err := tree(pid)
		if err != nil || len(pids) == 1 {
			return err
		}
		if time.Since(began) > 5*time.Minute {
			return errors.New("its children do not end")
		}
	}
}

// publish uploads a file for all to read and returns its path.
func (s *server) publish(content []byte) (string, error) {
	token, err := s.signIn(rootMail)
	if err != nil {
		return "", err
	}
	head := "--b\r\nContent-Disposition: form-data; name=\"visibility\"\r\n\r\npublic\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"noise.txt\"\r\n\r\n"
	body := io.MultiReader(strings.NewReader(head), bytes.NewReader(content), strings.NewReader("\r\n--b--\r\n"))
	req, err := http.NewRequest(http.MethodPost, s.base+"/api/collections/documents/records", body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", token)
	req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	raw, err := s.do(req)
	if err != nil {
		return "", err
	}
	var made struct{ ID, File string }
	if err := json.Unmarshal(raw, &made); err != nil {
		return "", err
	}
	return "/api/files/documents/" + made.ID + "/" + made.File, nil
}

func secureCaddy(program, dir, cert, key string) (secured, error) {
	https, plain, err := twoAddresses()
	if err != nil {
		return secured{}, err
	}
	_, port, err := net.SplitHostPort(plain)
	if err != nil {
		return secured{}, err
	}
	path := filepath.Join(dir, "Caddyfile")
	text := fmt.Sprintf("{\n\tadmin off\n\thttp_port %s\n\tauto_https disable_redirects\n}\nhttps://%s {\n\tbind 127.0.0.1\n\ttls %s %s\n\troot * %s\n\tfile_server\n}\n",
		port, https, cert, key, filepath.Join(dir, "files"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return secured{}, err
	}
	c := exec.Command(program, "run", "--config", path, "--adapter", "caddyfile")
	c.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	stop, err := launch(c, https)
	return secured{addr: https, file: "/noise.txt", stop: stop}, err
}

// launch starts a program and waits until it listens.
func launch(c *exec.Cmd, addr string) (stop func() error, err error) {
	var output bytes.Buffer
	c.Stdout, c.Stderr = &output, &output
	if err := c.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			return func() error {
				if err := c.Process.Signal(syscall.SIGTERM); err != nil {
					return err
				}
				return <-ended
			}, conn.Close()
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("%s ended: %w\n%s", c.Path, err, output.Bytes())
		default:
		}
		if time.Since(began) > time.Minute {
			return nil, fmt.Errorf("%s does not listen: %w", c.Path, c.Process.Kill())
		}
	}
}

func twoAddresses() (first, second string, err error) {
	a, b, err := twoPorts()
	return fmt.Sprint("127.0.0.1:", a), fmt.Sprint("127.0.0.1:", b), err
}

// certificate writes one for 127.0.0.1 that vouches for itself.
func certificate(dir string) (cert, key string, trusted *x509.CertPool, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", nil, err
	}
	cert, key, trusted = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	pemCert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	trusted.AppendCertsFromPEM(pemCert)
	err = errors.Join(os.WriteFile(cert, pemCert, 0o600), os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key, trusted, err
}
