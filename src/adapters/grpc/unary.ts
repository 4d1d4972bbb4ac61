/** One unary call as a promise, with a deadline and errors of the table. */
import { Metadata, type Client, type MethodDefinition } from '@grpc/grpc-js';
import { fromGrpcError } from './status.js';

/** @param options.peer whom is asked, for error messages. Rejects with a DcacheError. */
export function callUnary<Request, Response>(
  client: Client,
  method: MethodDefinition<Request, Response>,
  request: Request,
  options: { readonly peer: string; readonly timeoutMs: number },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + options.timeoutMs },
      (error, response) => {
        if (response !== undefined && error === null) resolve(response);
        else reject(fromGrpcError(error, options.peer));
      },
    );
  });
}
