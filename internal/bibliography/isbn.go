package bibliography

import "strings"

// ISBN reads an International Standard Book Number (ISO 2108) of 10 or 13 digits and
// returns its 13 digits. Hyphens, spaces and a leading "urn:isbn:" or "ISBN" are
// allowed; the check digit must be right, and 13 digits must begin with 978 or 979.
func ISBN(s string) (isbn13 string, ok bool) {
	if len(s) > 100 {
		return "", false
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	s = strings.TrimPrefix(s, "URN:")
	if rest, found := strings.CutPrefix(s, "ISBN"); found {
		rest = strings.TrimPrefix(strings.TrimLeft(rest, " -"), "13:")
		rest = strings.TrimPrefix(rest, "10:")
		s = strings.TrimLeft(rest, ": ")
	}
	s = strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\u00A0', '\u2010', '\u2011', '\u2012', '\u2013':
			return -1
		}
		return r
	}, s)
	switch len(s) {
	case 10:
		if !isbn10(s) || s == "0000000000" {
			return "", false
		}
		s = "978" + s[:9]
		return s + string(checkDigit13(s)), true
	case 13:
		if !digits(s) || s[:3] != "978" && s[:3] != "979" || s[12] != checkDigit13(s) {
			return "", false
		}
		return s, true
	}
	return "", false
}

// isbn10 checks the weighted sum of ten digits modulo 11, where a final X is 10.
func isbn10(s string) bool {
	sum := 0
	for i := range 10 {
		d := int(s[i]) - '0'
		if i == 9 && s[i] == 'X' {
			d = 10
		} else if d < 0 || d > 9 {
			return false
		}
		sum += (10 - i) * d
	}
	return sum%11 == 0
}

// checkDigit13 returns the 13th digit for the first twelve.
func checkDigit13(s string) byte {
	sum := 0
	for i := range 12 {
		sum += int(s[i]-'0') * (1 + 2*(i%2))
	}
	return byte('0' + (10-sum%10)%10)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
