#include "cli/version.h"

#include "base/cleanup.h"
#include "cli/output.h"

#include <curl/curl.h>

cx_err version_run(struct cli *cli, const struct cli_command *command)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    (void)command;
    if (!cli->json) {
        printf("certinext %s\n", CERTINEXT_VERSION);
        return fflush(stdout) == 0 ? CX_OK : CX_ERR(IO);
    }
    json_auto_t *root = json_pack("{s:s, s:s, s:s?}", "version", CERTINEXT_VERSION, "curl",
                                  curl->version, "tls", curl->ssl_version);
    return root ? output_document(cli, root, NULL, 0) : CX_ERR(NOMEM);
}
