/** Downloads the proof that one entry is in the ledger. */
import { useState } from "react";
import { Button } from "@mantine/core";
import { RequestRefused } from "../access/refusal.ts";
import { DownloadIcon } from "../app/icons.tsx";
import { saveFile } from "../app/save-file.ts";
import { useSession } from "../app/session.ts";

export function ReceiptButton({ index }: { readonly index: number }) {
  const { client } = useSession();
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const download = async (): Promise<void> => {
    setWorking(true);
    setProblem(undefined);
    try {
      saveFile(`entry-${index}.tlog-proof`, await client.receipt(index));
    } catch (error) {
      setProblem(error instanceof RequestRefused ? error.message : String(error));
    }
    setWorking(false);
  };
  return (
    <span className="receipt">
      {problem !== undefined && <span role="alert">{problem}</span>}
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<DownloadIcon />}
        loading={working}
        onClick={() => void download()}
        title={`Proof that entry ${index} is in the ledger. Check it anywhere: cordon ledger verify FOLDER --checkpoint FILE`}
      >
        Receipt
      </Button>
    </span>
  );
}
