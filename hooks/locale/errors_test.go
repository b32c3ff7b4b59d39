package locale

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"

	"onlibrary/internal/fault"
	"onlibrary/internal/reply"
	"onlibrary/internal/schema"
	"onlibrary/internal/testapp"
)

const signUp = "/api/collections/users/records"

func TestValidationErrors(t *testing.T) {
	h := open(t)
	for lang, want := range map[string]struct{ top, password, email string }{
		"en":         {"Failed to create the record.", "Must be at least 8 characters.", "Must be a valid e-mail address."},
		"fr-CH":      {"Échec de la création de l’enregistrement.", "Doit comporter au moins 8 caractères.", "Doit être une adresse e-mail valide."},
		"pt":         {"Falha ao criar o registro.", "Deve ter pelo menos 8 caracteres.", "Deve ser um e-mail válido."},
		"es-419":     {"No se pudo crear el registro.", "Debe tener al menos 8 caracteres.", "Debe ser una dirección de correo electrónico válida."},
		"de, ar-EG;": {"فشل إنشاء السجل.", "يجب ألا يقل عن 8 أحرف.", "يجب أن يكون عنوان بريد إلكتروني صالحًا."},
	} {
		a := h.ask(t, nil, "POST", signUp, `{"email": "nobody", "username": "ana", "password": "short", "passwordConfirm": "short"}`, "Accept-Language", lang)
		if a.Status != 400 || a.at("message") != want.top || a.at("data", "password", "message") != want.password || a.at("data", "email", "message") != want.email {
			t.Errorf("%s: %d %s", lang, a.Status, a.raw)
		}
		if a.at("data", "password", "code") != "validation_min_text_constraint" || a.at("data", "email", "code") != "validation_is_email" {
			t.Errorf("%s: codes changed: %s", lang, a.raw)
		}
		if got := a.Header.Get("Content-Language"); !strings.HasPrefix(lang, got) && got != "pt-BR" && got != "ar" && got != "es" {
			t.Errorf("%s: Content-Language is %q", lang, got)
		}
		if vary := strings.Join(a.Header.Values("Vary"), ","); !strings.Contains(vary, "Accept-Language") {
			t.Errorf("%s: Vary is %q", lang, vary)
		}
	}
}

func TestEveryKindOfError(t *testing.T) {
	h := open(t)
	h.Settings().Batch.Enabled = true
	h.Settings().Batch.MaxRequests = 10
	customer := patron(t, h, "ana", "", "")
	for _, test := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "/api/collections/documents/records/nothing00000000", "", 404, "La ressource demandée est introuvable."},
		{"GET", "/api/collections/nothing/records", "", 404, "Collection absente."},
		{"GET", "/api/library/nothing", "", 404, "La ressource demandée est introuvable."},
		{"POST", "/api/health", "", 404, "La ressource demandée est introuvable."},
		{"GET", "/nothing", "", 404, "La ressource demandée est introuvable."},
		{"GET", "/api/collections/jobs/records", "", 403, "Seuls les superutilisateurs peuvent faire cela."},
		{"GET", "/api/settings", "", 403, "Votre compte ne peut pas faire cela."},
		{"GET", "/api/collections/documents/records?filter=@collection.users.id='x'", "", 403, "Seuls les superutilisateurs peuvent filtrer par @collection."},
		{"GET", "/api/collections/documents/records?filter=(((", "", 400, "Une erreur est survenue lors du traitement de votre demande."},
		{"GET", "/api/files/documents/nothing00000000/a.pdf", "", 404, "La ressource demandée est introuvable."},
		{"GET", "/panic", "", 500, "Une erreur est survenue lors du traitement de votre demande."},
		{"POST", signUp, "{", 400, "Une erreur est survenue lors du traitement de votre demande."},
		{"POST", signUp, `{"name":"` + strings.Repeat("x", 45<<20) + `"}`, 413, "La demande est trop volumineuse."},
		{"POST", "/api/collections/users/auth-with-password", `{"identity":"ana","password":"wrong"}`, 400, "Échec de la connexion : vérifiez vos identifiants."},
		{"POST", "/api/realtime", `{"clientId":"nothing"}`, 404, "Identifiant du client absent ou invalide."},
		{"POST", "/api/batch", `{"requests":[{"method":"POST","url":"/api/collections/users/records","body":{"username":"eve","password":"x","passwordConfirm":"x"}}]}`, 400, "Le lot a échoué ; rien n’a été modifié."},
	} {
		a := h.ask(t, customer, test.method, test.path, test.body, "Accept-Language", "fr")
		if a.Status != test.status || a.at("message") != test.message {
			t.Errorf("%s %s: %d %.300s, want %d %s", test.method, test.path, a.Status, a.raw, test.status, test.message)
		}
		if a.at("status") != float64(test.status) || a.at("data") == nil {
			t.Errorf("%s %s: not PocketBase's shape: %s", test.method, test.path, a.raw)
		}
		if a.Header.Get("Content-Language") != "fr" || !strings.Contains(a.Header.Get("Vary"), "Accept-Language") {
			t.Errorf("%s %s: %v", test.method, test.path, a.Header)
		}
		if test.path == "/api/batch" && a.at("data", "requests", "0", "response", "data", "password", "message") != "Doit comporter au moins 8 caractères." {
			t.Errorf("batch: %s", a.raw)
		}
		if test.path == "/api/batch" && a.at("data", "requests", "0", "message") != "Cette demande du lot a échoué." {
			t.Errorf("batch: %s", a.raw)
		}
	}
	guest := h.ask(t, nil, "GET", "/auth", "", "Accept-Language", "fr")
	if guest.Status != 401 || guest.at("message") != "Veuillez d’abord vous connecter." {
		t.Errorf("guest: %d %s", guest.Status, guest.raw)
	}
	head := h.ask(t, nil, "HEAD", "/api/library/nothing", "", "Accept-Language", "fr")
	if head.Status != 404 || head.Header.Get("Content-Language") != "fr" {
		t.Errorf("HEAD: %d %v", head.Status, head.Header)
	}
}

func TestSharedErrorsStayEnglish(t *testing.T) {
	h := open(t)
	before := apis.ErrRequestEntityTooLarge.Message
	h.ask(t, nil, "POST", signUp, strings.Repeat("x", 45<<20), "Accept-Language", "fr")
	if after := apis.ErrRequestEntityTooLarge.Message; after != before {
		t.Errorf("PocketBase's own error became %q", after)
	}
}

func TestRateLimit(t *testing.T) {
	h := open(t)
	h.Settings().RateLimits.Enabled = true
	h.Settings().RateLimits.Rules = []core.RateLimitRule{{Label: "/api/", MaxRequests: 2, Duration: 60}}
	for range 2 {
		h.ask(t, nil, "GET", "/api/health", "")
	}
	a := h.ask(t, nil, "GET", "/api/health?timezone=Mars/Phobos", "", "Accept-Language", "es")
	if a.Status != 429 || a.at("message") != "Demasiadas solicitudes." {
		t.Errorf("%d %s", a.Status, a.raw)
	}
}

func TestFaults(t *testing.T) {
	app := testapp.New(t)
	r, err := apis.NewRouter(app)
	if err != nil {
		t.Fatal(err)
	}
	Bind(app, Deps{Catalog: catalog(t), Now: time.Now})
	refuse := map[string]*fault.Error{
		"field":   fault.Field("zone", "timezone_unknown", map[string]any{"Zone": "X"}),
		"plain":   {Kind: fault.Conflict, Code: "language_unknown", Params: map[string]any{"Language": "X"}},
		"unknown": fault.New(fault.TooMany, "no_text_for_this"),
	}
	app.OnRecordCreateRequest(schema.Users).BindFunc(func(e *core.RecordRequestEvent) error {
		return reply.Error(refuse[e.Request.URL.Query().Get("fault")])
	})
	h := &house{TestApp: app}
	h.serve(t, r)

	a := h.ask(t, nil, "POST", signUp+"?fault=field", "{}", "Accept-Language", "fr")
	if a.Status != 400 || a.at("message") != "Il n’existe pas de fuseau horaire « X »." || a.at("data", "zone", "message") != a.at("message") || a.at("data", "zone", "code") != "timezone_unknown" {
		t.Errorf("field: %d %s", a.Status, a.raw)
	}
	a = h.ask(t, nil, "POST", signUp+"?fault=plain", "{}", "Accept-Language", "fr")
	if a.Status != 409 || a.at("message") != "La langue « X » n’est pas disponible." || a.at("data", "fault", "message") != a.at("message") || a.at("data", "fault", "code") != "language_unknown" {
		t.Errorf("plain: %d %s", a.Status, a.raw)
	}
	a = h.ask(t, nil, "POST", signUp+"?fault=unknown", "{}", "Accept-Language", "fr")
	if a.Status != 429 || a.at("data", "fault", "code") != "no_text_for_this" || a.at("message") == "" {
		t.Errorf("unknown: %d %s", a.Status, a.raw)
	}
}

func TestInvalidBytesComeBackAsJSON(t *testing.T) {
	h := open(t)
	a := h.ask(t, nil, "GET", "/api/health?timezone=%ff%fe", "", "Accept-Language", "fr")
	if a.Status != 400 || a.at("data", "timezone", "code") != "timezone_unknown" {
		t.Errorf("%d %s", a.Status, a.raw)
	}
}

func TestLanguageOfARequest(t *testing.T) {
	h := open(t)
	ana := patron(t, h, "ana", "pt-BR", "")
	lost := patron(t, h, "lost", "", "")
	const (
		en = "The requested resource wasn't found."
		pt = "O recurso solicitado não foi encontrado."
		es = "No se encontró el recurso solicitado."
		ar = "لم يُعثر على المورد المطلوب."
	)
	check := func(user *core.Record, header, want string) {
		t.Helper()
		headers := []string{}
		if header != "" {
			headers = []string{"Accept-Language", header}
		}
		if a := h.ask(t, user, "GET", "/api/nothing", "", headers...); a.at("message") != want {
			t.Errorf("%.40q: got %v, want %s", header, a.at("message"), want)
		}
	}
	check(nil, "", en)
	check(ana, "", pt)
	check(ana, "en-US", en)
	check(ana, "*", pt)
	check(ana, "de, zh;q=0.5, *;q=0.1", pt)
	check(ana, strings.Repeat("x", 100<<10), pt)
	check(ana, strings.Repeat("de-x-a,", 10000), pt)
	check(ana, "es;q=0.1, de", es)
	check(lost, "", en)
	setLibrary(t, h, "defaultLanguage", "ar")
	check(nil, "", ar)
	check(lost, "", ar)
	check(nil, "en", en)
	check(ana, "", pt)
}

func TestAnswersVary(t *testing.T) {
	h := open(t)
	a := h.ask(t, nil, "GET", "/api/collections/documents/records", "")
	if vary := a.Header.Get("Vary"); a.Status != http.StatusOK || !strings.Contains(vary, "Accept-Language") || !strings.Contains(vary, "X-Timezone") {
		t.Errorf("%d %q", a.Status, vary)
	}
	if a.Header.Get("Content-Language") != "" {
		t.Error("a list has no language")
	}
}
