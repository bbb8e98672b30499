// The engines' own code as a judge of what the compilers emit: one JSON request per line of standard input, one JSON answer per line
// of standard output. It reads no cluster and writes no file.
//
//	{"validate": object}                                -> {"known": true, "errors": [...], "warnings": [...]}
//	{"verdict": {"objects": [...], "sources": [...]}}   -> {"passes": [[true, ...], ...]}
//	{"hubble": {"metrics": [...], "flows": [...]}}      -> {"series": [{"__name__": ...}, ...]}
//	{"dashboard": dashboard}                            -> {"error": "..."}, empty if it is one
//
// Types of requests and answers are in validate.go, verdict.go, hubble.go and dashboard.go.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
)

type request struct {
	Validate  json.RawMessage `json:"validate,omitempty"`
	Verdict   *verdictRequest `json:"verdict,omitempty"`
	Hubble    *hubbleRequest  `json:"hubble,omitempty"`
	Dashboard json.RawMessage `json:"dashboard,omitempty"`
}

// What a request that cannot be answered gets.
type failure struct {
	Failure string `json:"failure"`
}

func main() {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	configureCilium()
	configureGrafana()
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		if err := out.Encode(answer(in.Bytes())); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer(line []byte) any {
	var request request
	if err := json.Unmarshal(line, &request); err != nil {
		return failure{err.Error()}
	}
	if request.Verdict != nil {
		passes, err := verdicts(request.Verdict)
		if err != nil {
			return failure{err.Error()}
		}
		return verdictAnswer{passes}
	}
	if request.Hubble != nil {
		series, err := hubble(request.Hubble)
		if err != nil {
			return failure{err.Error()}
		}
		return series
	}
	if request.Dashboard != nil {
		return judgeDashboard(request.Dashboard)
	}
	return validate(request.Validate)
}
