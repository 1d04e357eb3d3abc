/* /api/receipts/CODE: the public check of a receipt. The code is the only key; who asks is neither
 * asked nor kept. */
#include "record/receipt.h"
#include "server/house.h"

void api_receipt(Request *request) {
    g_autoptr(GError) error = NULL;
    json_t *receipt = receipt_find(worker_of(request)->records, house_of(request)->packs,
                                   request_part(request, 0), &error);
    if (receipt)
        respond_json(request, 200, receipt);
    else
        respond_error(request, error);
}
