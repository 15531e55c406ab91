// Copyright (c) 2026, edgeops.registry contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Command registries-check FILE [IMAGE]: read a k3s/RKE2 registries.yaml with the library that k3s itself
// reads it with, refuse keys that the library would silently ignore, and, with IMAGE,
// resolve and download that image through the mirrors, certificates and credentials of the file.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/rancher/wharfie/pkg/registries"
	"gopkg.in/yaml.v2"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "registries-check:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return fmt.Errorf("usage: registries-check FILE [IMAGE]")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalStrict(text, &registries.Registry{}); err != nil {
		return err
	}
	r, err := registries.GetPrivateRegistries(args[0])
	if err != nil {
		return err
	}
	if len(args) == 1 {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r.Registry)
	}
	ref, err := name.ParseReference(args[1])
	if err != nil {
		return err
	}
	img, err := r.Image(ref)
	if err != nil {
		return err
	}
	digest, err := img.Digest()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	var size int64
	for _, l := range layers {
		rc, err := l.Compressed()
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, rc) // verifies the digest
		rc.Close()
		if err != nil {
			return err
		}
		size += n
	}
	fmt.Printf("%s@%s %d layers %d bytes\n", ref.Context(), digest, len(layers), size)
	return nil
}
