// The files of a model folder that travel with new weights byte for byte: tokenizer, template,
// generation settings, licences.
//
// A folder may come from anybody, and what is copied may be published: a symbolic link that leads
// out of the folder is refused, as /etc/passwd is no NOTICE. Links into the blobs of a Hugging Face
// cache (.../snapshots/REVISION/ -> ../../blobs/) are what that cache is made of, and are followed.
// Errors: Error(kModel) naming the link.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace laconic {

// Their names, config.json with them, sorted.
std::vector<std::string> copied_files(const std::string& folder);

}  // namespace laconic
